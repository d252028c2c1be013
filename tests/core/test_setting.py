"""The words in which a setting says where it comes from."""

from runner.core.setting import Setting, Source


def test_a_setting_says_its_source_and_the_variable_that_holds_it():
    named = Setting("state", "runner.db", Source.ENVIRONMENT, "RUNNER_STATE")
    plain = Setting("takes", None, Source.DEFAULT)
    assert (named.origin, plain.origin) == ("environment (RUNNER_STATE)", "default")


def test_the_sources_stand_in_the_order_in_which_they_hold():
    assert list(Source) == ["flag", "environment", ".env", "manifest", "default"]
