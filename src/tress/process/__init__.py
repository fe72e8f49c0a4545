"""Pure array code, shared by the runtime and the training so that the two cannot drift apart."""
