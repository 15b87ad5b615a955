"""Length controls: the parameters of each kind, and the state machine that applies them."""
