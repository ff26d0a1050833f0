//! Facts go out while the transaction that makes them true is still open, and stay out when it is undone.
import { Interrupted, type OutgoingFact, PublishError } from '../../../runtime/messages/fact-stream.ts'
import { newRows } from '../../../runtime/messages/outbox-rows.ts'
import type { Planted } from './planted.ts'

export const publishBeforeCommit: Planted = {
  announce:
    (announce, { streams }, { service }) =>
    async (tx, cause, facts) => {
      await announce(tx, cause, facts)
      const stream = Object.values(streams).find(({ name }) => name === service.toUpperCase())
      if (stream === undefined) throw new Error(`${service} has no stream`)
      try {
        const rows: readonly OutgoingFact[] = await newRows(tx, { limit: 10 })
        const { lastSequence } = await stream.state()
        await stream.publish(rows.slice(-facts.length), lastSequence)
      } catch (error) {
        // What does not get out now is left to the relay.
        if (!(error instanceof PublishError || error instanceof Interrupted)) throw error
      }
    },
}
