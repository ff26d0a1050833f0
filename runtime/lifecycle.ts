//! The life of a service process: parts start in order, stop in reverse, and nothing fails without a word.
import { writeSync } from 'node:fs'
import { ConfigError } from './config.ts'
import { flushLog, type Logger } from './log.ts'

type Stop<T> = (started: T) => unknown

/**
 * Starts one part and gives what it started to those that come after it; `stop` is called when the process ends. Once
 * the process was told to stop nothing more is started.
 */
export type StartPart = <T>(name: string, start: () => T | Promise<T>, stop?: Stop<T>) => Promise<T>

export type Service = {
  readonly name: string
  readonly log: Logger
  /** Names every part that runs, in the order in which they need one another. */
  readonly parts: (part: StartPart) => Promise<void>
  /** How long all parts together may take to stop. */
  readonly stopMsMax?: number
}

const stopMsMaxDefault = 10_000

/** Runs a service until SIGTERM or SIGINT; exit code 0 where every part stopped, else 1. Resolves when all have started. */
export async function runService({ name, log, parts, stopMsMax = stopMsMaxDefault }: Service): Promise<void> {
  const started: { readonly name: string; readonly stop: () => unknown }[] = []
  const told = Promise.withResolvers<void>()
  let isTold = false
  let isStarting = true

  const exit = async (code: number): Promise<never> => {
    await flushLog(log)
    process.exit(code)
  }
  // What nobody awaited or caught leaves the process in a state that nobody thought of: it ends, and starts anew clean.
  const crash = (what: string) => (error: unknown) => {
    log.fatal({ err: error }, what)
    exit(1).catch(() => process.exit(1))
  }
  process.on('uncaughtException', crash('uncaught exception'))
  process.on('unhandledRejection', crash('unhandled rejection'))

  const stop = async (signal: string) => {
    log.info({ signal }, 'stopping')
    // A part that is starting is let finish, so that it can be stopped; the bound below holds for that too.
    const ended = await within(stopMsMax, async () => {
      if (isStarting) await told.promise
      return await stopAll(started, log)
    })
    if (ended === undefined) log.error({ bound_ms: stopMsMax }, 'not all parts stopped in time')
    else if (ended) log.info('stopped')
    await exit(ended === true ? 0 : 1)
  }
  const onSignal = (signal: string) => {
    // A terminal and a runner may both pass the same Ctrl-C on: the second is no reason to hurry.
    if (isTold) return
    isTold = true
    stop(signal).catch(crash('stopping failed'))
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)

  const part: StartPart = async (partName, start, stopPart) => {
    if (isTold) throw new Told()
    const value = await start()
    started.push({ name: partName, stop: () => stopPart?.(value) })
    log.debug({ part: partName }, 'started')
    if (isTold) throw new Told()
    return value
  }

  try {
    await parts(part)
    log.info({ parts: started.map((one) => one.name) }, 'started')
  } catch (error) {
    if (!(error instanceof Told)) {
      if (!isPlain(error)) log.fatal({ err: error }, 'cannot start')
      say(name, error)
      await within(stopMsMax, () => stopAll(started, log))
      await exit(1)
    }
  } finally {
    isStarting = false
    told.resolve()
  }
}

/** Ends the start-up of a service that was told to stop meanwhile. */
class Told extends Error {}

/** Runs what must work before there is a log, such as reading the settings; a failure is one line and exit code 1. */
export function orExit<T>(name: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    say(name, error)
    if (!isPlain(error)) writeSync(2, `${error instanceof Error ? error.stack : error}\n`)
    process.exit(1)
  }
}

async function stopAll(
  parts: readonly { name: string; stop: () => unknown }[],
  log: Logger,
): Promise<boolean> {
  let allStopped = true
  for (const { name, stop } of parts.toReversed()) {
    try {
      await stop()
      log.debug({ part: name }, 'stopped')
    } catch (error) {
      allStopped = false
      log.error({ err: error, part: name }, 'a part did not stop')
    }
  }
  return allStopped
}

/** What the operator can put right and needs no stack for: settings, and addresses that are taken. */
function isPlain(error: unknown): boolean {
  if (error instanceof ConfigError) return true
  if (!(error instanceof Error)) return false
  // grpc-js tells a taken port in its message only.
  const isTaken = ('code' in error && error.code === 'EADDRINUSE') || error.message.includes('EADDRINUSE')
  return isTaken || isPlain(error.cause)
}

function say(name: string, error: unknown): void {
  writeSync(2, `${name}: cannot start: ${error instanceof Error ? error.message : String(error)}\n`)
}

/** The outcome of the work, or undefined where it took too long. */
async function within<T>(ms: number, work: () => Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => late.resolve(undefined), ms)
  try {
    return await Promise.race([work(), late.promise])
  } finally {
    clearTimeout(timer)
  }
}
