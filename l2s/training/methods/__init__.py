"""The methods: the settings of each, one a file."""
