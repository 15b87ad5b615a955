"""Nightly: the accepted models measured again, compared with the night that was accepted last."""
