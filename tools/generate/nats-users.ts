//! Makes nats-users.conf: what each service may say, ask and hear on NATS is what its code says, asks and hears.
// Why from the code: docs/decisions/0024-nats-users-are-made-from-the-code.md
import { join } from 'node:path'
import type { StreamDefinition } from '../../contracts/events/define.ts'
import type { RpcMethod } from '../../contracts/rpc/define.ts'
import { inboxPrefixOf } from '../../runtime/nats.ts'
import { operator } from '../nats/reach.ts'
import { findQuestions, findStreams } from './contracts.ts'
import { type GeneratedFile, repository, serviceFolders } from './files.ts'
import { importsOf } from './sources.ts'

/** Who a process is to NATS. Every subject may be a pattern of NATS. */
export type NatsUser = {
  readonly name: string
  readonly publish: readonly string[]
  readonly subscribe: readonly string[]
  /** Whether it may answer whoever asks it. */
  readonly answers: boolean
}

const head = `# Who may say, ask and hear what on NATS. Made by \`bun run generate\`, from what each service imports of contracts/.
# nats-cluster.conf includes it; a nats.conf that listens to more than loopback should too. Passwords are in the
# environment of nats-server, none has a default: NATS_PASSWORD_LOMS='"…"' and so on, the double quotes within it.
`

/** A service announces into its own stream, reads the streams and asks the questions that its code imports. */
export async function natsUsers(): Promise<readonly NatsUser[]> {
  const [streams, methods] = await Promise.all([findStreams(), findQuestions()])
  const services = (await serviceFolders()).map(async (service): Promise<NatsUser> => {
    const imported = await importedBy(service)
    const own = [...streams.values()].filter((stream) => stream.service === service)
    const heard = [...streams].flatMap(([name, stream]) =>
      imported.has(name) && stream.service !== service ? stream : [],
    )
    const asked = [...methods].flatMap(([name, method]) =>
      imported.has(name) && method.service !== service ? method : [],
    )
    return userOf(service, { own, heard, asked, methods: [...methods.values()] })
  })
  return [...(await Promise.all(services)), operatorUser]
}

export async function natsUsersFile(): Promise<GeneratedFile> {
  const users = (await natsUsers()).map(userText).join('\n')
  return {
    path: 'nats-users.conf',
    text: `${head}\nauthorization {\n  timeout: 2\n  users: [\n${users}\n  ]\n}\n`,
  }
}

type Role = {
  readonly own: readonly StreamDefinition[]
  readonly heard: readonly StreamDefinition[]
  readonly asked: readonly RpcMethod[]
  readonly methods: readonly RpcMethod[]
}

function userOf(name: string, { own, heard, asked, methods }: Role): NatsUser {
  const isAsked = methods.some(({ service }) => service === name)
  // Dead letters are of who reads.
  const hasDeadLetters = heard.length > 0
  return {
    name,
    publish: [
      ...own.flatMap(({ subjects }) => subjects),
      ...asked.map(({ subject }) => subject).sort(),
      ...own.flatMap((stream) => [api('STREAM.CREATE', stream), api('STREAM.UPDATE', stream)]),
      ...[...own, ...heard].flatMap(reading),
    ],
    subscribe: [
      `${inboxPrefixOf(name)}.>`,
      ...(isAsked ? [`rpc.${name}.>`] : []),
      ...(hasDeadLetters ? [`admin.${name}.>`, 'admin.all.>'] : []),
    ],
    answers: isAsked || hasDeadLetters,
  }
}

/** People with the tools of this repository: dead letters, sagas, streams after a restore. Not facts, and no other questions. */
const operatorUser: NatsUser = {
  name: operator,
  publish: ['admin.>', 'rpc.loms.v1.ListSagas', '$JS.API.>'],
  subscribe: [`${inboxPrefixOf(operator)}.>`],
  answers: false,
}

const api = (what: string, { name }: StreamDefinition) => `$JS.API.${what}.${name}`

/** The relay reads its own stream too: what has become of it. */
const reading = (stream: StreamDefinition) => [
  api('STREAM.INFO', stream),
  api('STREAM.MSG.GET', stream),
  api('CONSUMER.CREATE', stream),
  `${api('CONSUMER.CREATE', stream)}.>`,
  `${api('CONSUMER.MSG.NEXT', stream)}.*`,
  `${api('CONSUMER.DELETE', stream)}.*`,
]

function userText({ name, publish, subscribe, answers }: NatsUser): string {
  const list = (subjects: readonly string[]) =>
    subjects.map((subject) => `            ${JSON.stringify(subject)}`).join('\n')
  return `    {
      user: ${name}
      password: $NATS_PASSWORD_${name.toUpperCase()}
      permissions {
        publish {
          allow: [
${list(publish)}
          ]
        }
        subscribe {
          allow: [
${list(subscribe)}
          ]
        }
${answers ? '        # Each question once, to whom it names.\n        allow_responses: true\n' : ''}      }
    }`
}

/** The names that the service's own code imports from contracts/, tests aside. */
async function importedBy(service: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  for await (const file of new Bun.Glob('**/*.ts').scan({ cwd: join(repository, service) })) {
    if (/\.(test|fixture)\.ts$/.test(file)) continue
    for (const { from, names: each } of importsOf(await Bun.file(join(repository, service, file)).text()))
      if (from.includes('/contracts/')) for (const name of each) names.add(name)
  }
  return names
}
