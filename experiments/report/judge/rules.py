# Whether a claim has a rule that can be read, of the figures that it names.
import ast

from judge import expressions


def names_in(expression):
    return {node.id for node in ast.walk(expressions.parsed(expression)) if isinstance(node, ast.Name)}


def fault(claim):
    """What is wrong with a claim's rule, or ''."""
    figures = claim.get("figures", {})
    if not figures and claim.get("cannot"):  # Nobody can measure it here, and it says why.
        return ""
    rule = claim.get("rule", {})
    if not rule.get("holds"):
        return "has no rule"
    for expression in (rule["holds"], rule.get("partly"), claim.get("sound", {}).get("if")):
        if expression is None:
            continue
        try:
            unknown = names_in(expression) - figures.keys()
            expressions.evaluate(expression, dict.fromkeys(figures, 1.0))
        except (SyntaxError, ValueError) as error:
            return f"has a rule that cannot be read: {error}"
        except (KeyError, ZeroDivisionError):
            pass  # Told below; and ones may well cancel out.
        if unknown:
            return f"has a rule about {', '.join(sorted(unknown))}, which none of its figures is"
    return ""


def faults(claims, pages):
    return [f"claim {claim['id']} of the page {claim['page']} {fault(claim)}" for claim in claims
            if claim["page"] in pages and fault(claim)]
