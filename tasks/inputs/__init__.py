"""What stages say and show of parameters, manifests and model folders."""
