import { checkout } from './edition';
import { runProcess } from './run-process';

await runProcess(checkout);
