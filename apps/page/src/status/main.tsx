import { start } from '../ui/layout';
import { StatusPage } from './status-page';
import { watchStatus } from './watch-status';

watchStatus();
void start('status', () => <StatusPage />);
