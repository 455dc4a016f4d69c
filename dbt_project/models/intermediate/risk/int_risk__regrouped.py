"""One row per stay settled by DRG and variant (as coded, without unsupported complications, unoperated, another
principal diagnosis): the group that the national tables give. Empty where CONSORTIUM_DRG_TABLES names no folder."""


def model(dbt, session):
    dbt.config(materialized="table")

    from pipelines.grouper import regroup, tables_in_force

    tables = tables_in_force()
    cases = dbt.ref("int_risk__grouper_case").select(
        "member_id, encounter_id, principal, sex, age_years, age_days, birth_weight, is_cheap"
    )
    diagnoses = dbt.ref("int_risk__grouper_diagnosis").select("member_id, encounter_id, code, is_unsupported")
    procedures = dbt.ref("stg_procedures").select("member_id, encounter_id, icd9cm3 as code, seq")
    if tables is None:
        cases, diagnoses, procedures = cases.limit(0), diagnoses.limit(0), procedures.limit(0)
    return regroup(
        tables,
        cases.pl(),
        diagnoses.order("member_id, encounter_id, code").pl(),
        procedures.order("member_id, encounter_id, seq").pl().drop("seq"),
    ).to_arrow()
