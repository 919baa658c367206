//! The texts of the sign-in and of the enrolment.

use crate::sign_in::password::Weak;
use crate::words::Language;

#[derive(Debug)]
pub(super) struct Words {
    pub(super) sign_in: &'static str,
    pub(super) confirm: &'static str,
    pub(super) name: &'static str,
    pub(super) password: &'static str,
    pub(super) code: &'static str,
    pub(super) code_hint: &'static str,
    pub(super) no_password: &'static str,
    pub(super) welcome: &'static str,
    pub(super) set: &'static str,
    pub(super) again: &'static str,
    pub(super) password_hint: &'static str,
    pub(super) factor: &'static str,
    pub(super) factor_hint: &'static str,
    pub(super) factor_code: &'static str,
    pub(super) qr: &'static str,
    pub(super) differ: &'static str,
    pub(super) short: &'static str,
    pub(super) long: &'static str,
    pub(super) common: &'static str,
    pub(super) wrong_code: &'static str,
}

impl Words {
    pub(super) fn of(language: Language) -> &'static Words {
        language.pick(&EN, &RU)
    }

    /// Why a new password is not taken.
    pub(super) fn weak(&self, weak: Weak) -> &'static str {
        match weak {
            Weak::Short => self.short,
            Weak::Long => self.long,
            Weak::Common => self.common,
        }
    }
}

static EN: Words = Words {
    sign_in: "Sign in",
    confirm: "Confirm that it is you",
    name: "Name",
    password: "Password",
    code: "Code of the authenticator app",
    code_hint: "Leave it empty if you have set up none.",
    no_password: "Forgotten the password? Whoever runs the server makes a new link: floodmark user passwd NAME",
    welcome: "Welcome,",
    set: "Set the password and sign in",
    again: "Password again",
    password_hint: "At least 8 characters; 15 or more are advised, such as a few words. No other rules.",
    factor: "Second factor (optional)",
    factor_hint: "Scan the picture with an authenticator app, or type the secret there; then enter the code that it shows.",
    factor_code: "Code; leave empty for no second factor",
    qr: "QR code of the secret",
    differ: "The two passwords differ.",
    short: "The password has fewer than 8 characters.",
    long: "The password has more than 128 characters.",
    common: "This password is among those that are guessed first; choose another.",
    wrong_code: "The code does not fit the secret; is the phone's clock right?",
};

static RU: Words = Words {
    sign_in: "Вход",
    confirm: "Подтвердите, что это вы",
    name: "Имя",
    password: "Пароль",
    code: "Код из приложения-аутентификатора",
    code_hint: "Оставьте пустым, если он не настроен.",
    no_password: "Забыли пароль? Новую ссылку создаст тот, кто ведёт сервер: floodmark user passwd ИМЯ",
    welcome: "Здравствуйте,",
    set: "Задать пароль и войти",
    again: "Пароль ещё раз",
    password_hint: "Не меньше 8 знаков; лучше 15 и больше, например несколько слов. Других правил нет.",
    factor: "Второй фактор (по желанию)",
    factor_hint: "Отсканируйте картинку приложением-аутентификатором или введите в нём секрет, затем впишите код, который оно покажет.",
    factor_code: "Код; пусто — без второго фактора",
    qr: "QR-код секрета",
    differ: "Пароли не совпадают.",
    short: "В пароле меньше 8 знаков.",
    long: "В пароле больше 128 знаков.",
    common: "Этот пароль подбирают одним из первых; выберите другой.",
    wrong_code: "Код не подходит к секрету; верны ли часы телефона?",
};
