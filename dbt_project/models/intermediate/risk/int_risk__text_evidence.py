"""One row per thing billed in a case with notes, and what its record says: Chinese, negation handled (S2-RISK-50)."""


def model(dbt, session):
    dbt.config(materialized="table")

    from pipelines.risk.text_evidence import check

    claims = dbt.ref("int_risk__text_claim")
    return check(
        claims=claims.pl(),
        notes=dbt.ref("stg_clinical_notes").select("member_id, encounter_id, text").pl(),
        diagnoses=dbt.ref("icd10").select("code, name").pl(),
    ).to_arrow()
