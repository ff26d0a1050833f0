//! Draws the life of an order into loms/README.md, from the one table of its steps.
import { join } from 'node:path'
import { transitions } from '../../loms/domain/order.ts'
import { between, type GeneratedFile, repository } from './files.ts'

type Steps = Readonly<Record<string, readonly string[]>>

export async function orderDiagram(): Promise<GeneratedFile> {
  const path = 'loms/README.md'
  const page = await Bun.file(join(repository, path)).text()
  return { path, text: between(page, 'the life of an order', diagramOf(transitions)) }
}

/** Begins at what no step leads to, ends at what no step leads from. */
export function diagramOf(steps: Steps): string {
  const reached = new Set(Object.values(steps).flat())
  const arrows = Object.entries(steps).flatMap(([status, next]) => [
    ...(reached.has(status) ? [] : [`[*] --> ${status}`]),
    ...(next.length === 0 ? [`${status} --> [*]`] : next.map((to) => `${status} --> ${to}`)),
  ])
  return ['```mermaid', 'stateDiagram-v2', ...arrows.map((arrow) => `  ${arrow}`), '```'].join('\n')
}
