# What a verdict may be, in words and as a sign.

HOLDS, PARTLY, FAILS = "holds", "holds partly", "does not hold"
NOT_HERE, NOT_RUN = "cannot be measured here", "not measured in this run"
SIGN = {HOLDS: "🟢", PARTLY: "🟡", FAILS: "🔴", NOT_HERE: "⚪", NOT_RUN: "⚫"}
