"""Many values in few numbers."""
import statistics


def med(v):
    return round(statistics.median(v), 4) if v else None


def pctl(v, p):
    v = sorted(v)
    return v[min(len(v) - 1, int(p / 100 * len(v)))] if v else None


def lat(v):
    return {'n': len(v), 'p50_ms': round(pctl(v, 50) * 1e3, 3), 'p99_ms': round(pctl(v, 99) * 1e3, 3), 'max_ms': round(max(v) * 1e3, 2)} if v else {'n': 0}


def medians(values):
    """The median of each number in results of one shape; all that went wrong in any of them."""
    values = [value for value in values if value is not None]
    if not values:
        return None
    first = values[0]
    if isinstance(first, dict):
        keys = dict.fromkeys(key for value in values for key in value)
        found = {key: [value[key] for value in values if key in value] for key in keys}
        return {key: max(of) if key == 'sha_bad' else medians(of) for key, of in found.items()}
    if isinstance(first, bool):
        return all(values)
    if isinstance(first, (int, float)):
        return med(values)
    if isinstance(first, list):
        return [part for value in values for part in value]
    return first
