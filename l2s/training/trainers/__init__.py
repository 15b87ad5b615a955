"""The methods carried out: TRL's trainers, and what little differs from them."""
