import { toCommandFailure } from './command-error.ts'
import type { FromService, ToService } from './messages.ts'
import { openService } from './open-service.ts'
import { executeCommand, type Service } from './service.ts'

// Program of a service's process. The first message opens the service. The process exits on request, or when its parent has exited.
let service: Service | undefined

const send = (message: FromService): void => {
  if (process.connected) process.send?.(message)
}

async function handleMessage(message: ToService): Promise<void> {
  if ('command' in message) {
    if (service) send({ id: message.id, result: await executeCommand(service, message.command, message.params) })
  } else if ('close' in message) {
    await service?.close().catch(() => undefined)
    process.exit()
  } else {
    try {
      service = await openService(message.open, (report) => send({ report }), new AbortController().signal)
      send({ opened: true })
    } catch (error) {
      send({ failed: toCommandFailure(error) })
    }
  }
}

process.on('message', (message: ToService) => void handleMessage(message))
process.on('disconnect', () => process.exit())
// a terminal sends SIGINT to all processes of the app; this process is closed gracefully by its parent
process.on('SIGINT', () => undefined)
