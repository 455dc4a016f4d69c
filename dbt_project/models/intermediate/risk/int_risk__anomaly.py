"""One row per discharged stay with charges: how strange it is among its peers, and in which features (S2-RISK-49)."""


def model(dbt, session):
    dbt.config(materialized="table")

    from pipelines.risk.anomaly import score_frames

    return score_frames(
        cases=dbt.ref("int_risk__case_feature").pl(),
        parameters=dbt.ref("int_risk__rule_parameter").filter("rule_code = 'S2-RISK-49'").pl(),
    ).to_arrow()
