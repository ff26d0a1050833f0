//! A reader that knows a fact again by its place in the stream, which another fact has when the stream has lost some.
import type { Planted } from './planted.ts'

const unseen = `select json_group_array(json(value)) as facts from json_each(?)
  where json_extract(value, '$[1]') not in (select sequence from inbox where stream = ?)`
const forget = `delete from inbox where event_id in (select json_extract(value, '$[0]') from json_each(?))`

export const dedupBySequence: Planted = {
  async meddle({ params, run, exec }) {
    // The facts of a batch, as they are entered into the inbox.
    if (!('facts' in params)) return await run()
    const [row] = exec(unseen, params.facts, params.stream) as [{ facts: string }]
    exec(forget, row.facts)
    return await run({ ...params, facts: row.facts })
  },
}
