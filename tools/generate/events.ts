//! Makes docs/events.md and the JSON Schemas beside it from contracts/events.
import { dirname, join } from 'node:path'
import type { TSchema } from '@sinclair/typebox'
import { type FoundEvent, findEvents } from './contracts.ts'
import { type GeneratedFile, repository, table } from './files.ts'
import { wordsOf } from './schema-words.ts'
import { importsOf } from './sources.ts'

const head = `# Facts

Made by \`bun run generate\` from [contracts/events](../contracts/events) and the \`consumers.ts\` of every service.

A fact is a JetStream message on the subject of its type. Its data is the JSON body; around it stand CloudEvents 1.0
attributes in the headers: \`ce-id\`, \`ce-type\`, \`ce-source\` (the service), \`ce-time\`, \`ce-subject\` (the key: facts of one
key are told in their order), \`ce-tenantid\`, and \`traceparent\`. Each announcing service has one stream, kept for a week.
Readers ignore fields that they do not know; within a type fields are only added, and only optional ones.

Moments are RFC 3339 in UTC. Money is in minor units (kopecks), next to its currency.
`

export async function eventPages(): Promise<GeneratedFile[]> {
  const events = await findEvents()
  const readers = await readersByExport()
  const overview = table(
    ['subject', 'stream', 'announced by', 'heard by', 'schema'],
    events.map(({ event, exportName, stream }) => [
      `[\`${event.type}\`](#${event.type.replaceAll('.', '')})`,
      `\`${stream.name}\``,
      stream.service,
      (readers.get(exportName) ?? []).join(', ') || '–',
      `[JSON](events/${event.type}.json)`,
    ]),
  )
  const text = [head, overview, '', ...events.map(eventSection)].join('\n')
  return [{ path: 'docs/events.md', text }, ...events.map(schemaFile)]
}

function eventSection({ event }: FoundEvent): string {
  const { required = [], properties } = event.schema
  const rows = Object.entries(properties).map(([name, schema]: [string, TSchema]) => [
    `\`${name}\``,
    wordsOf(schema),
    required.includes(name) ? 'always' : 'where known',
  ])
  return `## ${event.type}\n\n${table(['field', 'what', 'there'], rows)}\n`
}

function schemaFile({ event }: FoundEvent): GeneratedFile {
  const document = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:kiosk:event:${event.type}`,
    title: event.type,
    ...event.schema,
  }
  return { path: `docs/events/${event.type}.json`, text: `${JSON.stringify(document, null, 2)}\n` }
}

/** Which services' `consumers.ts` name an event of the contracts. */
async function readersByExport(): Promise<ReadonlyMap<string, readonly string[]>> {
  const readers = new Map<string, string[]>()
  const files = await Array.fromAsync(new Bun.Glob('*/consumers.ts').scan({ cwd: repository }))
  for (const file of files.sort()) {
    const imports = importsOf(await Bun.file(join(repository, file)).text())
    const names = imports.flatMap(({ from, names }) => (from.includes('contracts/events/') ? names : []))
    for (const name of names) readers.set(name, [...(readers.get(name) ?? []), dirname(file)])
  }
  return readers
}
