"""Runs in the student's kernel: calls `price_by_area` with inputs that the student has not seen."""

CALLS = ((780, 52), (1320.0, 110), (0, 40), (505, 0))


def price_by_area(target, namespace, data):
    """What each call gave, or raised. Nothing in here knows what is right."""
    calls = [called(target, *arguments) for arguments in CALLS]
    errors = [call["error"] for call in calls if "error" in call]
    return {"calls": calls, **({"error": errors[0]} if len(errors) == len(calls) else {})}


def called(target, *arguments):
    """The outcome of one call."""
    try:
        return {"returned": target(*arguments)}
    except Exception as error:  # noqa: BLE001 - a student's function may raise anything
        return {"error": f"{type(error).__name__}: {error}"[:200]}


PROBES = {"price_by_area": price_by_area}
