//! The log: JSON lines on stdout, written in the background, without what must not be read by whoever reads logs.
import pino, { type LevelWithSilent, type Logger } from 'pino'
import { Lines } from './log/lines.ts'

export type { Logger } from 'pino'
export type LogLevel = LevelWithSilent

/** Where lines go: file descriptor 1 unless told otherwise. */
export type LogOptions = { readonly destination?: pino.DestinationStream }

/** The log of a service process. Lines wait for nobody; what is buffered is written when the process ends. */
export function createLog(service: string, level: LogLevel, options: LogOptions = {}): Logger {
  const log = pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redacted },
      // `err` is cleaned by `redacted`; a message may be that of a failed statement.
      serializers: { err: (error: unknown) => error, msg: withoutValues },
    },
    options.destination ?? stdout(),
  )
  // pino hands the bindings of a child to no formatter, so they are cleaned on the way in.
  const child = log.child
  log.child = function <C extends string>(
    this: Logger<C>,
    bindings: pino.Bindings,
    childOptions?: pino.ChildLoggerOptions<C>,
  ) {
    return child.call(this, redacted({ ...bindings }), childOptions)
  } as typeof log.child
  return log
}

/** Resolves when everything that was logged so far is with the operating system. */
export async function flushLog(log: Logger): Promise<void> {
  const stream = (log as unknown as Record<symbol, unknown>)[pino.symbols.streamSym]
  if (stream instanceof Lines) await stream.flush()
}

let stdoutLines: Lines | undefined

/** All logs of a process share one writer, so that their lines are never mixed. */
function stdout(): Lines {
  stdoutLines ??= new Lines(1)
  return stdoutLines
}

const sensitiveWords = new Set(
  'authorization cookie cookies token tokens password passwords passwd secret secrets card cards pan cvv cvc email emails phone phones'.split(
    ' ',
  ),
)
const isSensitiveByName = new Map<string, boolean>()
const namesKept = 4096

/** `accessToken`, `set-cookie` and `card_number` are told by their words; `discarded` and `tokenizer` hold none. */
function isSensitive(name: string): boolean {
  const known = isSensitiveByName.get(name)
  if (known !== undefined) return known
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
  const sensitive = words.some((word) => sensitiveWords.has(word))
  if (isSensitiveByName.size < namesKept) isSensitiveByName.set(name, sensitive)
  return sensitive
}

const depthMax = 8

function redacted(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  const clean: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    clean[name] =
      isSensitive(name) && value !== undefined && value !== null ? '[redacted]' : cleaned(value, depth + 1)
  }
  return clean
}

function cleaned(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > depthMax) return '[deeper]'
  if (value instanceof Error) return cleanedError(value, depth)
  if (Array.isArray(value)) return value.map((entry) => cleaned(entry, depth + 1))
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if ('toJSON' in value && typeof value.toJSON === 'function') return value
  return redacted(value as Record<string, unknown>, depth)
}

// drizzle ends its message with the values of the failed statement; postgres.js keeps them in fields.
const statementValues = /\nparams: [\s\S]*?(?=\n {4}at |$)/
const withoutValues = (text: unknown) => (typeof text === 'string' ? text.replace(statementValues, '') : text)
// `input` is the address that is none (ERR_INVALID_URL), with the password in it; `detail` of PostgreSQL is the row itself.
const valueFields = new Set(['params', 'parameters', 'args', 'input', 'detail'])

/** What an error carries beside its message is cleaned like any field; the values of a failed statement are left out. */
function cleanedError(error: Error, depth: number): Record<string, unknown> {
  const { message, stack, cause, name } = error
  const own = Object.entries(error).filter(([field]) => !valueFields.has(field) && field !== 'cause')
  const { path } = error as { readonly path?: unknown }
  const clean = {
    type: name,
    message: withoutValues(message),
    stack: withoutValues(stack),
    ...redacted(Object.fromEntries(own), depth),
    // Of `fetch` it is the whole address that was asked, with the codes and tokens of its query.
    ...(typeof path === 'string' ? { path: path.replace(/\?.*$/s, '') } : {}),
  }
  return cause === undefined ? clean : { ...clean, cause: cleaned(cause, depth + 1) }
}
