"""What a business lets callers book: its services, and the resources (people, chairs, rooms) that serve them."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from aira.core.app import Aira
from aira.core.businesses import resolve_business
from aira.core.db import Connection, execute, fetch_all, fetch_one
from aira.core.repeats import repeatable
from aira.errors import InvalidInput, NotFound
from aira.model import Resource, Service

SERVICE_COLUMNS = """
s.id, s.business_id, s.name, s.also, s.duration_minutes, s.buffer_before_minutes, s.buffer_after_minutes, s.price, s.currency, s.is_active
"""
RESOURCE_COLUMNS = "r.id, r.business_id, r.name, r.is_active"

_ADD_SERVICE_SQL = f"""
insert into services as s (business_id, name, also, duration_minutes, buffer_before_minutes, buffer_after_minutes, price, currency)
values (%(business_id)s, %(name)s, %(also)s, %(minutes)s, %(buffer_before)s, %(buffer_after)s, %(price)s, %(currency)s)
returning {SERVICE_COLUMNS}
"""
_LIST_SERVICES_SQL = f"""
select {SERVICE_COLUMNS} from services s where s.business_id = %(business_id)s and s.is_active order by s.created_at, s.name collate "C"
"""
_FIND_SERVICE_SQL = f"""
select {SERVICE_COLUMNS} from services s where s.business_id = %(business_id)s and s.is_active
  and (s.id::text = %(ref)s or lower(s.name) = lower(%(ref)s) or exists (select from unnest(s.also) a where lower(a) = lower(%(ref)s)))
order by (lower(s.name) = lower(%(ref)s)) desc, s.created_at limit 1
"""
_REMOVE_SERVICE_SQL = "update services set is_active = false where id = %(id)s"
_SERVED_BY_SQL = """
insert into service_resources (service_id, resource_id, business_id) values (%(service_id)s, %(resource_id)s, %(business_id)s)
on conflict do nothing
"""
_ADD_RESOURCE_SQL = f"""
insert into resources as r (business_id, name, position)
values (%(business_id)s, %(name)s, (select coalesce(max(position) + 1, 0) from resources where business_id = %(business_id)s))
returning {RESOURCE_COLUMNS}
"""
_NAME_DEFAULT_SQL = f"""
update resources r set name = %(name)s where r.business_id = %(business_id)s and r.name = 'default' and r.is_active
  and not exists (select from resources o where o.business_id = r.business_id and o.id <> r.id)
returning {RESOURCE_COLUMNS}
"""
_LIST_RESOURCES_SQL = f"""
select {RESOURCE_COLUMNS} from resources r where r.business_id = %(business_id)s and r.is_active order by r.position, r.created_at, r.id
"""
_FIND_RESOURCE_SQL = f"""
select {RESOURCE_COLUMNS} from resources r where r.business_id = %(business_id)s and r.is_active
  and (r.id::text = %(ref)s or lower(r.name) = lower(%(ref)s))
"""
_REMOVE_RESOURCE_SQL = "update resources set is_active = false where id = %(id)s"


def add_service(
    aira: Aira,
    name: str,
    *,
    business: UUID | str,
    minutes: int,
    price: Decimal | None = None,
    currency: str | None = None,
    buffer_before: int = 0,
    buffer_after: int = 0,
    also: Sequence[str] = (),
    resources: Sequence[str] = (),
    idempotency_key: str | None = None,
) -> Service:
    """Add a service; durations and buffers are in minutes, `also` holds other names that callers use for it.

    `resources` names those that serve it; all of them do where none is named. A price without `currency` is in USD.
    The same `idempotency_key` again gives the first service. Raises AlreadyExists for a name in use, IdempotencyConflict,
    InvalidInput, NotFound.
    """
    values = {
        "name": " ".join(name.split()),
        "also": [" ".join(other.split()) for other in also if other.strip()],
        "minutes": minutes,
        "buffer_before": buffer_before,
        "buffer_after": buffer_after,
        "price": price,
        "currency": None if price is None else (currency or "USD"),
    }
    with aira.database.transaction() as connection, repeatable(connection, "service", idempotency_key, business, values) as repeat:
        business_id = resolve_business(connection, business).id
        if repeat.result is not None:
            return resolve_service(connection, business_id, repeat.result)
        (service,) = fetch_all(connection, Service, _ADD_SERVICE_SQL, {"business_id": business_id, **values})
        for resource in resources:
            served_by = {"service_id": service.id, "resource_id": resolve_resource(connection, business_id, resource).id}
            execute(connection, _SERVED_BY_SQL, {"business_id": business_id, **served_by})
        repeat.keep(service.id)
        return service


def list_services(aira: Aira, *, business: UUID | str) -> list[Service]:
    """The services of a business that can be booked, in the order they were added. Raises NotFound."""
    with aira.database.transaction() as connection:
        return fetch_all(connection, Service, _LIST_SERVICES_SQL, {"business_id": resolve_business(connection, business).id})


def remove_service(aira: Aira, service: UUID | str, *, business: UUID | str) -> Service:
    """Take a service, by name or id, off the list; appointments booked for it stay. Raises NotFound."""
    with aira.database.transaction() as connection:
        found = resolve_service(connection, resolve_business(connection, business).id, service)
        execute(connection, _REMOVE_SERVICE_SQL, {"id": found.id})
        return replace(found, is_active=False)


def add_resource(aira: Aira, name: str, *, business: UUID | str, idempotency_key: str | None = None) -> Resource:
    """Add a person, chair or room, so that one more appointment can take place at once.

    The first one takes the place of the unnamed resource that every business begins with. The same `idempotency_key` again gives
    the first resource. Raises AlreadyExists, IdempotencyConflict, NotFound.
    """
    with aira.database.transaction() as connection, repeatable(connection, "resource", idempotency_key, business, name) as repeat:
        business_id = resolve_business(connection, business).id
        if repeat.result is not None:
            return resolve_resource(connection, business_id, repeat.result)
        values = {"business_id": business_id, "name": " ".join(name.split())}
        (resource,) = fetch_all(connection, Resource, _NAME_DEFAULT_SQL, values) or fetch_all(
            connection, Resource, _ADD_RESOURCE_SQL, values
        )
        repeat.keep(resource.id)
        return resource


def list_resources(aira: Aira, *, business: UUID | str) -> list[Resource]:
    """The resources of a business in the order in which they are booked. Raises NotFound."""
    with aira.database.transaction() as connection:
        return fetch_all(connection, Resource, _LIST_RESOURCES_SQL, {"business_id": resolve_business(connection, business).id})


def remove_resource(aira: Aira, resource: UUID | str, *, business: UUID | str) -> Resource:
    """Book a resource, by name or id, no more; its appointments stay. Raises NotFound, InvalidInput for the last one."""
    with aira.database.transaction() as connection:
        business_id = resolve_business(connection, business).id
        found = resolve_resource(connection, business_id, resource)
        if len(fetch_all(connection, Resource, _LIST_RESOURCES_SQL, {"business_id": business_id})) == 1:
            raise InvalidInput("Without a resource nothing can be booked.", hint="Add another one before this one is removed.")
        execute(connection, _REMOVE_RESOURCE_SQL, {"id": found.id})
        return replace(found, is_active=False)


def resolve_service(connection: Connection, business_id: UUID, ref: UUID | str) -> Service:
    """The service of this id, name or other name. Raises NotFound."""
    service = fetch_one(connection, Service, _FIND_SERVICE_SQL, {"business_id": business_id, "ref": str(ref).strip()})
    if service is None:
        raise NotFound(
            "The business has no such service.",
            hint="Run `aira businesses services list --business B` for those there are.",
            code="unknown_service",
        )
    return service


def resolve_resource(connection: Connection, business_id: UUID, ref: UUID | str) -> Resource:
    """The resource of this id or name. Raises NotFound."""
    resource = fetch_one(connection, Resource, _FIND_RESOURCE_SQL, {"business_id": business_id, "ref": str(ref).strip()})
    if resource is None:
        raise NotFound(
            "The business has no such resource.",
            hint="Run `aira businesses resources list --business B` for those there are.",
            code="unknown_resource",
        )
    return resource
