//! I6: a key has one answer, and the answer is true.
import type { Rule } from '../rule.ts'

/** Where an answer keeps the number of the order that it tells of. */
const orderInAnswer = (key: string) => `cast(${key}.answer ->> '$.value.orderId."$int64"' as integer)`

export const keyRules: readonly Rule[] = [
  {
    of: 'I6',
    says: 'a key without an answer is that of an open checkout, and the other way round',
    needs: ['cart'],
    looksAt: 'select count(*) from cart.idempotency_keys',
    broken: `
      select tenant_id, scope, key, max(checkout) as checkout
      from (
        select tenant_id, scope, key, 1 as unfinished, null as checkout from cart.idempotency_keys where answer is null
        union all
        select tenant_id, key_scope, key, 0, id from cart.checkouts where state = 'open' and key is not null
      )
      group by tenant_id, scope, key having sum(unfinished) <> 1 or count(checkout) <> 1`,
  },
  {
    of: 'I6',
    says: 'the key that began a checkout was answered with its order, and with no other',
    needs: ['cart'],
    looksAt: `select count(*) from cart.checkouts where state = 'placed' and key is not null`,
    broken: `
      select c.tenant_id, c.id, c.order_id, k.key, k.answer
      from cart.checkouts c join cart.idempotency_keys k
        on k.tenant_id = c.tenant_id and k.scope = c.key_scope and k.key = c.key
      where c.state = 'placed' and k.created_at <= c.created_at and ${orderInAnswer('k')} is not c.order_id`,
  },
  {
    of: 'I6',
    says: 'no key bought twice',
    needs: ['cart'],
    looksAt: `select count(*) from cart.checkouts where key is not null`,
    broken: `
      select tenant_id, key_scope, key, count(*) as bought, min(order_id) as first, max(order_id) as last
      from cart.checkouts where state = 'placed' and key is not null
      group by tenant_id, key_scope, key
      having count(*) > 1 and max(created_at) - min(created_at) < 24 * 3600000`,
  },
  {
    of: 'I6',
    says: 'every key of loms was answered, and the order that it was answered with is its own',
    needs: ['loms'],
    looksAt: 'select count(*) from loms.idempotency_keys',
    broken: `
      select k.tenant_id, k.scope, k.key, k.answer, k.order_id, o.id as found
      from (
        select *, ${orderInAnswer('idempotency_keys')} as order_id,
          count(*) over (partition by tenant_id, ${orderInAnswer('idempotency_keys')}) as told
        from loms.idempotency_keys
      ) k left join loms.orders o on o.id = k.order_id and o.tenant_id = k.tenant_id
      where k.answer is null or k.answer ->> '$.error.code' = 'in_progress'
        or k.order_id is not null and (o.id is null or k.told > 1)`,
  },
]
