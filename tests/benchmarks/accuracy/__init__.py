"""How right recognition is: sheets of known content, made harder step by step, and what is read of them."""
