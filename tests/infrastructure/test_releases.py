"""A release can be undone, and takes effect as a whole."""

import pytest

from tests.infrastructure import sam
from tests.infrastructure.deployed import Deployed, logical_id


def versions(deployed: Deployed) -> dict[str, str]:
    """The logical id of each function's published version: a new one is published when it changes."""
    return {
        logical_id(properties["FunctionName"]): name
        for name, properties in deployed.of_type("AWS::Lambda::Version").items()
    }


@pytest.mark.parametrize("layer", ["SharedLayer", "DependenciesLayer"])
def test_a_new_layer_makes_a_new_version_of_every_function(prod: Deployed, layer: str) -> None:
    # given that the code of a layer changed, and no function's own
    before = versions(prod)
    # when it is deployed
    after = versions(Deployed(sam.translate({"Stage": "prod"}, {layer: "changed"})))
    # then `live` moves everywhere
    assert set(before) == set(after) == set(prod.of_type("AWS::Lambda::Function"))
    assert not set(before.values()) & set(after.values())


def test_a_release_of_the_same_code_changes_nothing(prod: Deployed) -> None:
    assert sam.translate({"Stage": "prod"}) == prod.document


def test_old_layers_are_kept_for_the_versions_that_use_them(prod: Deployed) -> None:
    layers = [name for name, resource in prod.resources.items() if resource["Type"] == "AWS::Lambda::LayerVersion"]
    assert len(layers) == 2
    assert {prod.resources[name]["DeletionPolicy"] for name in layers} == {"Retain"}


def test_production_moves_over_slowly_and_goes_back_by_itself(prod: Deployed) -> None:
    groups = prod.of_type("AWS::CodeDeploy::DeploymentGroup")
    assert set(groups) == {f"{name}DeploymentGroup" for name in prod.of_type("AWS::Lambda::Function")}
    for name, group in groups.items():
        condition, in_prod, otherwise = group["DeploymentConfigName"]["Fn::If"]
        assert condition == "IsCanary", name
        assert in_prod["Fn::Sub"][1] == {"ConfigName": "Canary10Percent5Minutes"}, name
        assert otherwise["Fn::Sub"][1] == {"ConfigName": "AllAtOnce"}, name
        _, alarms, _ = group["AlarmConfiguration"]["Fn::If"]
        watched = [logical_id(alarm["Name"]) for alarm in alarms["Alarms"]]
        assert watched == ["UnexpectedErrorsAlarm", "DoorErrorsAlarm", "WorkerErrorsAlarm"], name


def test_a_release_that_ends_an_outage_is_held_up_by_no_alarm(prod: Deployed) -> None:
    canary = prod.document["Conditions"]["IsCanary"]["Fn::And"]
    assert canary == [{"Condition": "IsProd"}, {"Fn::Equals": [{"Ref": "ReleaseType"}, "canary"]}]
    for name, group in prod.of_type("AWS::CodeDeploy::DeploymentGroup").items():
        condition, _, otherwise = group["AlarmConfiguration"]["Fn::If"]
        assert (condition, otherwise.get("Alarms", [])) == ("IsCanary", []), name


def test_everything_follows_one_architecture(prod: Deployed) -> None:
    one = [{"Ref": "Architecture"}]
    for name, properties in prod.of_type("AWS::Lambda::Function").items():
        assert properties["Architectures"] == one, name
    for name, properties in prod.of_type("AWS::Lambda::LayerVersion").items():
        assert properties["CompatibleArchitectures"] == one, name
