"""Checks: are models sound, related, and fit to be merged?"""
