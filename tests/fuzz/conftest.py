"""Profiles of hypothesis: the same cases in every `make test`, new ones in `make fuzz`.

``SKSEGMENT_FUZZ=1`` asks for the second, as ``make fuzz`` does.
"""

from drawn_images import is_fuzzing
from hypothesis import HealthCheck, Phase, settings

# An estimator is no matter of milliseconds, and a fixture here is never changed.
_COMMON = {
    "deadline": None,
    "phases": [phase for phase in Phase if phase is not Phase.explain],
    "suppress_health_check": [
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
}
settings.register_profile("test", derandomize=True, database=None, **_COMMON)
settings.register_profile("fuzz", print_blob=True, **_COMMON)
# Before the tests are imported, whose decorators read it.
settings.load_profile("fuzz" if is_fuzzing() else "test")
