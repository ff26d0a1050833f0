//! Free ports for processes that are told their port.
import { randomInt } from 'node:crypto'
import { isFree } from '../../tools/dev/ports.ts'

// Below the range that systems take outgoing ports from: in it, a client that reconnects in a loop to a server that is
// down sooner or later gets the server's own port, connects to itself, and the server cannot come back.
const lowest = 15_000
const highest = 32_000

const given = new Set<number>()

/** A port of 127.0.0.1 that nobody listens on, and that this process has not been given before. */
export function freePort(): number {
  for (let attempts = 0; attempts < 1_000; attempts++) {
    const port = randomInt(lowest, highest)
    if (!given.has(port) && isFree('127.0.0.1', port)) {
      given.add(port)
      return port
    }
  }
  throw new Error(`no free port between ${lowest} and ${highest}`)
}
