//! Every page and file of the repository that is made from the code, proto code and migrations aside.
import { apiPage } from './api.ts'
import { errorsPage } from './errors.ts'
import { eventPages } from './events.ts'
import type { Wanted } from './files.ts'
import { natsUsersFile } from './nats-users.ts'
import { orderDiagram } from './order-diagram.ts'
import { settingsExample } from './settings.ts'

export async function documents(): Promise<Wanted> {
  const pages = await Promise.all([apiPage(), orderDiagram(), settingsExample(), natsUsersFile()])
  const files = [errorsPage(), ...(await eventPages()), ...pages]
  return { files, folders: ['docs/events'] }
}
