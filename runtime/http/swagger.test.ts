//! The page as a person sees it: rendered by a browser that is cut off from everything but this machine.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { Type } from '@sinclair/typebox'
import { type Browser, chromium, type Page } from 'playwright-core'
import { fail, ok } from '../../contracts/errors.ts'
import { isLoopback } from '../config.ts'
import type { Listening } from '../http.ts'
import { serviceToken, testHttp } from './testing.ts'

const executablePath = Bun.env.CHROMIUM_BIN ?? '/usr/bin/chromium'
const hasBrowser = existsSync(executablePath)
const name = hasBrowser
  ? 'the page in a browser'
  : `the page in a browser (skipped: no Chromium at ${executablePath})`

const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

describe.skipIf(!hasBrowser)(name, () => {
  const { http } = testHttp()
  let server: Listening
  let browser: Browser
  let page: Page
  const elsewhere: string[] = []
  const complaints: string[] = []

  beforeAll(async () => {
    http.post('/order/create', {
      summary: 'Place an order',
      tags: ['orders'],
      guard: 'service',
      body: Type.Object({ user: Type.Integer({ minimum: 1 }) }, { examples: [{ user: 42 }] }),
      reply: Type.Object({ orderID: Type.Integer() }),
      refusals: ['insufficient_stock'],
      run: async (_, { user }) => (user === 42 ? ok({ orderID: 4200 }) : fail('insufficient_stock')),
    })
    http.get('/api/v1/orders/:id', {
      summary: 'See an order',
      guard: 'open',
      params: Type.Object({ id: Type.Integer({ examples: [42] }) }),
      reply: Type.Object({ seen: Type.Integer() }),
      run: async (_, { params }) => ok({ seen: params.id }),
    })
    server = http.listen({ host: '127.0.0.1', port: 0 })
    browser = await chromium.launch({ executablePath, args })
    page = await browser.newPage()
    await page.route('**', async (route) => {
      const { hostname, protocol } = new URL(route.request().url())
      if (protocol === 'data:' || isLoopback(hostname)) return await route.continue()
      elsewhere.push(route.request().url())
      await route.abort()
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(`${server.url}/swagger`)
  }, 30_000)

  afterAll(async () => {
    await browser.close()
    await server.close(0)
  })

  test('lists the operations under the service’s name', async () => {
    await page.getByText('Kiosk stall').first().waitFor()
    await page.getByText('Place an order').waitFor()
    expect(await page.locator('.opblock').count()).toBeGreaterThan(1)
    expect(await page.locator('.errors-wrapper').count()).toBe(0)
  }, 30_000)

  test('executes an operation from its own example', async () => {
    await page.getByRole('button', { name: 'Authorize' }).click()
    await page.locator('.auth-container input').fill(serviceToken)
    await page.locator('.auth-container').getByRole('button', { name: 'Apply credentials' }).click()
    await page.locator('.modal-ux').getByRole('button', { name: 'Close' }).last().click()

    const operation = page.locator('.opblock', { hasText: 'Place an order' })
    await operation.locator('.opblock-summary-control').click()
    await operation.getByRole('button', { name: 'Try it out' }).click()
    expect(JSON.parse(await operation.locator('textarea.body-param__text').inputValue())).toEqual({
      user: 42,
    })
    await operation.getByRole('button', { name: 'Execute' }).click()
    const answer = operation.locator('.live-responses-table .response').first()
    await answer.waitFor()
    expect(await answer.locator('.response-col_status').innerText()).toStartWith('200')
    expect(await answer.locator('.response-col_description').innerText()).toContain('"orderID": 4200')
  }, 30_000)

  test('fills in the examples of a path', async () => {
    const operation = page.locator('.opblock', { hasText: 'See an order' })
    await operation.locator('.opblock-summary-control').click()
    await operation.getByRole('button', { name: 'Try it out' }).click()
    await operation.getByRole('button', { name: 'Execute' }).click()
    const answer = operation.locator('.live-responses-table .response').first()
    expect(await answer.locator('.response-col_description').innerText()).toContain('"seen": 42')
  }, 30_000)

  test('asks nothing of anybody else, and has no error of its own', () => {
    expect(elsewhere).toEqual([])
    expect(complaints).toEqual([])
  })
})
