//! Fault points of a stream: what a relay publishes, what a reader is handed, and every question to JetStream.
import type { FactStream, Reading } from '../../../runtime/messages/fact-stream.ts'
import type { jetStream } from '../../../runtime/messages/jetstream.ts'
import { carryOut, faultAt, pass } from './passing.ts'

export function faultyStream(plain: typeof jetStream): typeof jetStream {
  return (options) => faulty(plain(options))
}

function faulty(stream: FactStream): FactStream {
  const { name } = stream
  return {
    ...stream,
    async publish(facts, sequence) {
      pass(`publish to ${name}: before`)
      const fault = facts.length > 1 ? faultAt(`publish to ${name}: after the first`) : undefined
      if (fault !== undefined) {
        await stream.publish(facts.slice(0, 1), sequence)
        carryOut(fault)
      }
      await stream.publish(facts, sequence)
      pass(`publish to ${name}: after`)
    },
    async read(from) {
      pass(`read of ${name}: before`)
      return faultyReading(await stream.read(from), name)
    },
    async ensure() {
      pass(`ensure ${name}`)
      await stream.ensure()
    },
    async state() {
      pass(`state of ${name}`)
      return await stream.state()
    },
    async messageAt(sequence) {
      pass(`message of ${name}`)
      return await stream.messageAt(sequence)
    },
  }
}

function faultyReading(reading: Reading, name: string): Reading {
  return {
    after: reading.after,
    get pending() {
      return reading.pending
    },
    async next(max) {
      const messages = await reading.next(max)
      pass(`read of ${name}: after some came`)
      return messages
    },
    close: () => reading.close(),
  }
}
