//! Every page and file of the repository that is made from the code, proto code and migrations aside.
import { errorsPage } from './errors.ts'
import { eventPages } from './events.ts'
import type { Wanted } from './files.ts'
import { orderDiagram } from './order-diagram.ts'
import { settingsExample } from './settings.ts'

export async function documents(): Promise<Wanted> {
  const files = [errorsPage(), ...(await eventPages()), await orderDiagram(), await settingsExample()]
  return { files, folders: ['docs/events'] }
}
