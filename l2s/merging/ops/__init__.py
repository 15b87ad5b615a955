"""Operations on tensors that merge methods are made of."""
