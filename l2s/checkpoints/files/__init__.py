"""Files of weights: headers, index, tensors read and written, digests."""
