//! The table of addresses that `bun run dev` ends its start with.
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { settingName } from './services.ts'
import type { Plan } from './system.ts'

/** Service, HTTP, Swagger UI, gRPC, data. */
export function addressTable(plan: Plan): string {
  const rows = plan.services.map((service) => {
    const http = `http://${service.host}:${service.httpPort}`
    const grpc = service.grpcPort === undefined ? '' : `${service.host}:${service.grpcPort}`
    return [service.name, http, `${http}/swagger`, grpc, dataOf(plan, service.name)]
  })
  const messages = plan.nats.command ? shown(join(plan.options.dataDir, 'nats')) : ''
  return layout([
    ['service', 'HTTP', 'Swagger UI', 'gRPC', 'data'],
    ...rows,
    ['nats', plan.nats.url, '', '', messages],
  ])
}

function dataOf(plan: Plan, service: string): string {
  const url = plan.env[settingName(service, 'DATABASE_URL')]
  if (url) return withoutPassword(url)
  const file = join(plan.options.dataDir, `${service}.sqlite`)
  return existsSync(file) ? shown(file) : ''
}

function withoutPassword(text: string): string {
  if (!URL.canParse(text)) return text
  const url = new URL(text)
  if (url.password) url.password = '***'
  return url.href
}

function shown(path: string): string {
  const short = relative(process.cwd(), path)
  return short.startsWith('..') ? path : short
}

function layout(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}
