//! A reader that does not remember what it has read: whatever comes again is acted on again.
import type { Planted } from './planted.ts'

const forget = `delete from inbox where event_id in (select json_extract(value, '$[0]') from json_each(?))`

export const noInbox: Planted = {
  async meddle({ params, run, exec }) {
    // The facts of a batch, as they are entered into the inbox.
    if ('facts' in params) exec(forget, params.facts)
    return await run()
  },
}
