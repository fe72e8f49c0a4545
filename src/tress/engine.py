"""Running ONNX networks.  The only file that imports onnxruntime."""
