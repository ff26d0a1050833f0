//! An order that is called off gives its pieces back, and the shelf does not notice.
import type { Planted } from './planted.ts'

const keep = 'update stock set reserved = reserved + ? where sku = ? and warehouse_id = ?'

export const lostRelease: Planted = {
  async meddle({ params, run, exec }) {
    const done = await run()
    // The movement that is written beside it.
    if (params.kind === 'release') exec(keep, params.quantity, params.sku, params.warehouseId)
    return done
  },
}
