"""The corner of PHP that clients of the portal feel."""

import pytest

from sandbox.portal.php import as_php, is_truthy, parse_str, split_call


@pytest.mark.parametrize(
    ("query", "arrays"),
    [
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("filter[id][]=1&filter[id][]=2", {"filter": {"id": ["1", "2"]}}),
        ("select[]=*&select[]=id", {"select": ["*", "id"]}),
        ("cmd[me]=profile", {"cmd": {"me": "profile"}}),
        ("a[0]=x&a[1]=y", {"a": ["x", "y"]}),
        ("a[1]=x&a[2]=y", {"a": {"1": "x", "2": "y"}}),
        ("a[3]=x&a[]=y", {"a": {"3": "x", "4": "y"}}),
        ("title=two+words%2B", {"title": "two words+"}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("lone", {"lone": ""}),
        ("a.b=1", {"a_b": "1"}),
        ("", {}),
    ],
)
def test_a_query_becomes_the_arrays_that_parse_str_makes(query, arrays):
    assert parse_str(query) == arrays


def test_an_equals_sign_in_a_name_must_be_encoded_or_it_splits_the_pair():
    assert parse_str("filter[%3Did]=5") == {"filter": {"=id": "5"}}
    assert parse_str("filter[=id]=5") == {"filter_": "id]=5"}


def test_maps_with_the_keys_of_a_list_become_lists_at_every_depth():
    assert as_php({"a": {}, "b": {"0": {"0": 1}}, "c": {"1": 1}}) == {"a": [], "b": [[1]], "c": {"1": 1}}


@pytest.mark.parametrize("value", ["1", 1, True, "false", "N"])
def test_php_takes_these_for_true(value):
    assert is_truthy(value)


@pytest.mark.parametrize("value", ["0", "", 0, False, None, [], {}])
def test_php_takes_these_for_false(value):
    assert not is_truthy(value)


def test_everything_after_a_hash_is_lost():
    assert split_call("crm.item.get?id=1#&entityTypeId=2") == ("crm.item.get", "id=1")
