//! Makes .env.example from the settings of every service and of the runner.
import { join } from 'node:path'
import { KindGuard, type TObject, type TSchema } from '@sinclair/typebox'
import { describeSettings } from '../../runtime/config.ts'
import { expected } from '../../runtime/expected.ts'
import { type GeneratedFile, repository, serviceFolders } from './files.ts'

type Row = {
  readonly name: string
  readonly description: string
  /** What may be written, in words; empty where any text may. */
  readonly values: string
  /** As it would be written in an environment file; undefined where there is none or it is worked out. */
  readonly default: string | undefined
  /** How the default is worked out, in words. */
  readonly defaultWords: string | undefined
  readonly secret: boolean
}

const head = `# Every setting of Kiosk with its default and meaning. Made by \`bun run generate\`; none has to be set to start.
# To change some, copy this file to .env beside it and take the # away from the lines that you change. An empty value
# is one that is not set. A setting that is wrong keeps its service from starting, and every wrong one is named.
`

/** What `bun run dev` and nats-server are told; what they share with the services stands with the services. */
const runner: readonly Row[] = [
  {
    name: 'NATS_PORT',
    description:
      'Port of the nats-server that `bun run dev` starts. NATS_URL follows it; where NATS_URL is set, none is started.',
    values: 'A whole number from 1 to 65535.',
    default: '4222',
    defaultWords: undefined,
    secret: false,
  },
  {
    name: 'NATS_SERVER_BIN',
    description: 'Path of the nats-server to run.',
    values: '',
    default: undefined,
    defaultWords: 'the one on PATH or in /usr/sbin, else one that is fetched into .cache/bin',
    secret: false,
  },
  {
    name: 'NO_COLOR',
    description: 'Any value: the output of `bun run dev` is plain.',
    values: '',
    default: undefined,
    defaultWords: undefined,
    secret: false,
  },
]

export async function settingsExample(): Promise<GeneratedFile> {
  const services = await settingsOfServices()
  const common = inAll(services.map(({ rows }) => rows))
  const commonNames = new Set(common.map(({ name }) => name))
  const sections = [
    section('every service', common),
    ...services.map(({ name, rows }) =>
      section(
        name,
        rows.filter((row) => !commonNames.has(row.name)),
      ),
    ),
    section('the runner: `bun run dev`', runner),
  ]
  return { path: '.env.example', text: `${[head, ...sections].join('\n')}` }
}

async function settingsOfServices(): Promise<{ name: string; rows: Row[] }[]> {
  return await Promise.all(
    (await serviceFolders()).map(async (name) => {
      const { settings } = (await import(join(repository, name, 'config.ts'))) as { settings: TObject }
      return { name, rows: rowsOf(settings) }
    }),
  )
}

/** The rows of `.env.example` that a schema comes to. */
export function rowsOf(settings: TObject): Row[] {
  return describeSettings(settings).map(({ name, default: text, description, secret }) => {
    const schema = settings.properties[name]
    const isWorkedOut = typeof schema?.defaultText === 'string'
    return {
      name,
      description,
      values: schema === undefined ? '' : valuesOf(schema),
      default: isWorkedOut ? undefined : text,
      defaultWords: isWorkedOut ? text : undefined,
      secret,
    }
  })
}

/** Numbers, switches and choices are told; of a text only what its description says. */
function valuesOf(schema: TSchema): string {
  const isClosed = schema.type === 'integer' || schema.type === 'number' || schema.type === 'boolean'
  if (isClosed) return sentence(expected(schema).replace(/^must be /, ''))
  if (!KindGuard.IsUnion(schema)) return ''
  const { description: _, ...options } = schema
  return sentence(expected(options as TSchema).replace(/^must be /, ''))
}

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`

function inAll(services: readonly (readonly Row[])[]): Row[] {
  const [first = [], ...others] = services
  return first.filter((row) => others.every((rows) => rows.some((other) => Bun.deepEquals(other, row))))
}

function section(title: string, rows: readonly Row[]): string {
  return [`## ${title}`, '', ...rows.map(entry)].join('\n')
}

function entry({ name, description, values, default: text, defaultWords, secret }: Row): string {
  const words = [
    description,
    values,
    defaultWords === undefined ? '' : `Default: ${defaultWords}.`,
    secret ? 'A secret: it is never logged.' : '',
  ]
  const comment = wrapped(words.filter((each) => each !== '').join(' '))
  return `${comment.map((line) => `# ${line}`).join('\n')}\n# ${name}=${text ?? ''}\n`
}

function wrapped(text: string, width = 115): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + word.length < width) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}
