"""Names of columns as found in public database schemas, by what their comments say they are.

Only the names; they were collected by searching schemas for Chinese comments (身份证号, 银行卡号, 授信额度, 婚姻状况, 逾期天数,
芝麻信用分, 工作单位, 收货地址, 设备号, 还款状态, 车牌号, 月收入) and taking the columns in the excerpts that came back, telling names
and untelling ones alike. Nobody chose them with this lexicon in mind. `a|b` are names that fit two kinds; either is right. (Four of them
were so labelled after the list had been run; its first figure stands as it was.)
"""

PUBLIC_NAMES = {
    "id_card_no": "id_number id_card idCardNumber sfz_id idCard car_sta_id id_num id_card_number idcard_hash",
    "gender": "sex employees_sex xb", "full_name": "name student_name car_name holder_name real_name contacts emergency_contact receiver_name employee user_name Fcontact_name director",
    "mobile_no": "mobile tel phone relationTel reserved_phone cellphone phone_number emergency_phone contacts_phone receiver_phone uphone directorPhone sjgcr_dhhm",
    "landline_no": "office_tel", "email": "email person_mail", "home_address": "address registeredAddress car_site live_address person_address",
    "delivery_address": "receiver_address", "delivery_address|home_address": "uaddress", "birth_date": "birth birthday birth_date csrq birthcay chushengriqi person_birthday", "ethnicity": "nation",
    "region": "origin native_place current_city employees_city Fprovince_name Fcity_name",
    "bank_card_no": "user_credit_card bank_card_no bank_card_number bank_card acct_number card_no card_id card_num bank_account bank_nbr", "bank_name": "opening_bank bank_name bank",
    "wechat_id": "wechat user_weixin", "qq_no": "user_qq person_qq", "credit_limit": "credit_amount credit_limit", "credit_limit|amount": "credit_price card_amount usable_amount",
    "internal_credit_score": "credit_score sys_score", "risk_grade": "credit_rating", "account_registered_at": "registered_at register_time uregtime",
    "marital_status": "marital_status hyzk employees_marriage marriage marrage marry_status maritalstatus",
    "education": "education highest_education employees_study edu_education wenhuachengdu schooling",
    "occupation": "profession zhiYe position gongzuozhiwu majors occupation postname", "employer": "gongzuodanwei work_unit person_company corporation COMPANY company employer unitsname",
    "political_status": "political_status", "student_enrolment": "graduationSchool", "overdue_record": "overdue_days check_overdue delay_day yucount is_overdue overdue_amount",
    "zhima_score": "sesame_number zmCredit zhima_score zmxy_score sesame_credit", "id_card_photo": "id_back_photo_url",
    "repayment_record": "hkzt repay_state repayment_status repay_status return_status", "income_proof": "month_income monthlyincome income monthly_income salary",
    "plate_no": "car_code car_number plate_num car_licence PLATENUMBER plateNumber chepaihao truck_no license_plate car_id", "vin": "frame_num", "age": "age nl",
    "contact_relationship": "relation gsqrgx", "housing_status": "live_status", "device_serial_no": "eqmnt device_info udid device did device_num",
    "login_password": "password pwd", "postcode": "postal person_postcode", "social_insurance": "accumulationfund provident_fund_account",
    "logistics_record": "express_no", "platform_account_id": "user_id uid userid consumer_no", "timestamp": "create_time update_time created_at updated_at ctime gmt_create finish_time start_date etl_time",
    "status_code": "status apply_state account_status", "free_text": "remark notes description comments", "loan_terms": "loan_period principal_amount",
    "amount": "price totalcost goods_price", "quantity": "goods_count reminder_count", "label": "goods_name car_brand", "login_ip": "ip", "device_model": "model", "order_no": "order_no",
}  # fmt: skip
