import { render } from 'preact';
import './look/tokens.css';
import './look/base.css';
import './look/parts.css';
import './look/frame.css';
import './look/views.css';
import { Frame } from './frame/frame';
import { listenForKeys } from './frame/keys';
import { followLinks } from './frame/router';
import { theme, wear } from './frame/theme';
import { language, speak } from './text/language';

wear(theme.value);
speak(language.value);
followLinks();
listenForKeys();
render(<Frame />, document.getElementById('page')!);
