import type { System } from './system.ts'

/** Handles a request of the page. @throws RequestError if the request is invalid or not possible now */
export type RequestHandler = (system: System, body: Readonly<Record<string, unknown>>) => unknown
