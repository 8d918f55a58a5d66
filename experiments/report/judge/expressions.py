# The language of rules: an arithmetic comparison. Nothing but numbers, names and operators is accepted. Comparisons may be
# added up: each counts 1 when it is true.
import ast
import functools
import operator

OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
}


@functools.cache
def parsed(expression):
    return ast.parse(expression, mode="eval")


def evaluate(expression, values):
    def walk(node):
        if isinstance(node, ast.Expression):
            return walk(node.body)
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return node.value
        if isinstance(node, ast.Name):
            return values[node.id]
        if isinstance(node, ast.BinOp):
            return OPERATORS[type(node.op)](walk(node.left), walk(node.right))
        if isinstance(node, ast.BoolOp):
            parts = [walk(value) for value in node.values]
            return all(parts) if isinstance(node.op, ast.And) else any(parts)
        if isinstance(node, ast.Compare):
            left = walk(node.left)
            for sign, right in zip(node.ops, node.comparators):
                right = walk(right)
                if not OPERATORS[type(sign)](left, right):
                    return False
                left = right
            return True
        raise ValueError(f"a rule may not contain {type(node).__name__}: {expression}")
    return walk(parsed(expression))
