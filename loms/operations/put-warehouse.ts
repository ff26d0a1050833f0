//! `POST /api/v1/warehouses`: a warehouse is added, or gets another name.
import { ok } from '../../contracts/errors.ts'
import type { WarehouseId } from '../../contracts/ids.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { putWarehouse as put } from '../store/catalog.ts'

export async function putWarehouse(
  deps: Deps,
  call: Call,
  { id, name }: { readonly id: WarehouseId; readonly name: string },
): Promise<Answer<void>> {
  return await deps.store.write((tx) =>
    once(tx, call, deps.now(), async () => {
      await put(tx, { tenantId: call.tenantId, id, name })
      return ok(undefined)
    }),
  )
}
