"""An ONNX graph, written one node after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper
from torch import Tensor

#: The first one with GELU; onnxruntime knows it from 1.17 on.
OPSET = 20
#: What belongs to that opset: newer ones are refused by the onnxruntime of its time.
IR_VERSION = 9


class Graph:
    """Nodes and constants; values go by their names.

    Args:
        half: constants of numbers are stored in float16. The graph still calculates in float32.
        prefix: of all names, which must differ between a graph and a part of it.
    """

    def __init__(self, half: bool = False, prefix: str = ""):
        self.half = half
        self.prefix = prefix
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple, str] = {}
        self._tensors: list[onnx.TensorProto] = []
        self._names = 0

    def add(self, operator: str, *inputs: str, outputs: int = 1, **attributes):
        """Append a node.

        Args:
            operator: its name in the ONNX standard.
            inputs: names of values.
            outputs: how many there are.
            attributes: as the standard names them.

        Returns:
            The name of the output, or a list of names if there are several.
        """
        names = [self._new_name(operator) for _ in range(outputs)]
        self._nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, value: Tensor | np.ndarray | Sequence[int] | float) -> str:
        """The name of a constant, in float32 or for whole numbers int64; equal ones are stored once."""
        array = value.detach().numpy() if isinstance(value, Tensor) else np.asarray(value)
        array = np.ascontiguousarray(array, np.float32 if array.dtype.kind == "f" else np.int64)
        key = (array.dtype, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self._store(array)
        return self._constants[key]

    def shaped(self, x: str, *shape: int) -> str:
        """Reshape x; 0 keeps a length, -1 stands for the rest."""
        return self.add("Reshape", x, self.constant(shape))

    def split(self, x: str, *sizes: int) -> list[str]:
        """Parts of x along its last axis."""
        return self.add("Split", x, self.constant(sizes), outputs=len(sizes), axis=-1)

    def body(self, inputs: dict[str, Sequence], outputs: dict[str, Sequence]) -> onnx.GraphProto:
        """The graph as a part of another one, whose constants it may use by their names.

        Args:
            inputs, outputs: name -> shape; lengths that vary have names instead of numbers.
        """
        declared = [
            [
                helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
                for name, shape in values.items()
            ]
            for values in (inputs, outputs)
        ]
        return helper.make_graph(self._nodes, "graph", *declared, self._tensors)

    def model(self, inputs: dict[str, Sequence], outputs: dict[str, Sequence], properties: dict[str, str]):
        """The whole model; arguments as for `body`, and what else its file tells."""
        graph = self.body(inputs, outputs)
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
        helper.set_model_props(model, properties)
        return model

    def rename(self, x: str, name: str) -> None:
        """Give a value a name that the outside knows."""
        self._nodes.append(helper.make_node("Identity", [x], [name]))

    def _store(self, array: np.ndarray) -> str:
        name = self._new_name("constant")
        half = self.half and array.dtype == np.float32
        self._tensors.append(numpy_helper.from_array(array.astype(np.float16) if half else array, name))
        return self.add("Cast", name, to=onnx.TensorProto.FLOAT) if half else name

    def _new_name(self, what: str) -> str:
        self._names += 1
        return f"{self.prefix}{what.lower()}_{self._names}"
