//! The cart is emptied when its checkout begins, and not when there is an order.
import type { Planted } from './planted.ts'

export const cartEmptiedFirst: Planted = {
  async meddle({ params, run, exec }) {
    const done = await run()
    // The row of a checkout that begins.
    if ('notAfter' in params && 'lines' in params)
      exec('delete from cart_lines where user_id = ?', params.userId)
    return done
  },
}
