//! A relay that writes down that facts are sent, sends them, and trusts what it has written down.
import { markWindow, newRows } from '../../../runtime/messages/outbox-rows.ts'
import type { RelayOptions } from '../../../runtime/messages/relay.ts'
import { Bell, realTimer } from '../../../runtime/messages/wait.ts'
import type { Planted } from './planted.ts'

const pollMs = 1_000

async function relay({ store, stream, outbox, now, log, setTimer = realTimer }: RelayOptions): Promise<void> {
  const bell = new Bell(setTimer)
  outbox?.onAnnounced(() => bell.ring())
  const { signal } = new AbortController()
  for (;;) {
    try {
      const state = await stream.state()
      const rows = await store.read((tx) => newRows(tx, { limit: 10 }))
      const after = state?.lastSequence ?? 0
      const positions = `[${rows.map(({ position }) => position).join(',')}]`
      await store.write((tx) => markWindow(tx, { positions, after, sentAt: now() }))
      await stream.publish(rows, after)
      if (rows.length === 0) await bell.wait(pollMs, signal)
    } catch (error) {
      log.info({ error }, 'facts could not be sent')
      await bell.wait(pollMs, signal)
    }
  }
}

export const markSentFirst: Planted = {
  startRelay(options) {
    const running = relay(options)
    return { stop: () => running }
  },
}
