//! The log of a simulated process: words for whoever watches, and a place where what must not happen is noticed.
import type { Logger } from 'pino'
import type { Process } from './process.ts'

/** What no fault explains: a handler that threw, an answer of the wrong shape, a fact that nobody could handle. */
const bugs =
  /handler failed|not of the shape|not of our protocol|put aside|cannot be sent|does not take a question/

export function logOf(process: Process, onBug: (words: string) => void): Logger {
  const { world, service } = process
  const line = (level: string) => (what: unknown, text?: string) => {
    if (!process.isAlive) return
    const words = text ?? String(what)
    if (bugs.test(words)) onBug(`${service}: ${words} ${detail(what)}`)
    if (world.isWatched && level !== 'debug') world.say(`${service} ${level}: ${words} ${detail(what)}`)
  }
  const levels = ['debug', 'info', 'warn', 'error', 'fatal'] as const
  // As much of a logger as the parts of a service use.
  return Object.fromEntries(levels.map((level) => [level, line(level)])) as unknown as Logger
}

function detail(what: unknown): string {
  if (typeof what !== 'object' || what === null) return ''
  return JSON.stringify(what, (_, value) => (value instanceof Error ? reasonsOf(value) : value))
}

const reasonsOf = (error: Error): string =>
  error.cause instanceof Error ? `${error.message} (${reasonsOf(error.cause)})` : error.message
