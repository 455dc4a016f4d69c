"""One row per period, member, step, sender, receiver, cost layer and element: what was passed on, fen (domain 1.6)."""


def model(dbt, session):
    dbt.config(materialized="table")

    from pipelines.costing.frames import allocate_tables

    return allocate_tables(
        costs=dbt.ref("int_cost__direct_cost")
        .select("period, member_id, dept_code, cost_layer, cost_element, amount_fen")
        .pl(),
        senders=dbt.ref("int_cost__sender")
        .select("period, member_id, dept_code, step::bigint as step, driver, fallback_driver")
        .pl(),
        quantities=dbt.ref("int_cost__driver_quantity")
        .select("period, member_id, driver, sender, receiver, quantity")
        .pl(),
    ).to_arrow()
